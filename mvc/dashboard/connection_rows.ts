import type {
  InspectedConnection,
  InspectedConnections,
  Inspection,
} from "../../neffos/internal.ts";
import type {
  ConnectionDetail,
  ConnectionPage,
  ConnectionRow,
  Rows,
} from "./data.ts";

/** The connections of a page of the list. */
const PAGE_SIZE = 25;

/** The longest text that is looked for, in characters. */
const MAX_TEXT = 256;

/** The most connections with one ID that are shown. */
const MAX_SAME_ID = 20;

/** Lists the connections that a query asks for, by `text` and `offset`. */
export function listConnections(
  inspection: Inspection,
  query: URLSearchParams,
): ConnectionPage {
  const text = (query.get("text") ?? "").trim().slice(0, MAX_TEXT);
  const asked = Number(query.get("offset") ?? 0);
  const offset = Number.isSafeInteger(asked) && asked > 0 ? asked : 0;
  const found = inspection.search({ text, offset, limit: PAGE_SIZE });
  return { ...toRows(found), offset, size: PAGE_SIZE };
}

/** Describes the connections with the `id` of a query. */
export function describeConnections(
  inspection: Inspection,
  query: URLSearchParams,
): Rows<ConnectionDetail> {
  const { count, connections } = inspection.findId(
    query.get("id") ?? "",
    MAX_SAME_ID,
  );
  return { count, rows: connections };
}

/** Makes rows of connections, without the names of their rooms. */
export function toRows(
  { count, connections }: InspectedConnections,
): Rows<ConnectionRow> {
  return { count, rows: connections.map(toRow) };
}

function toRow(
  { namespaces, pending: _, unsentMessages: __, ...rest }: InspectedConnection,
): ConnectionRow {
  return {
    ...rest,
    namespaces: namespaces.map(({ name }) => name),
    rooms: namespaces.reduce((sum, { rooms }) => sum + rooms.length, 0),
  };
}
