const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SMALL = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const PERCENT = new Intl.NumberFormat("en", {
  style: "percent",
  maximumFractionDigits: 0,
});

/** What is written where there is no number yet. */
const NONE = "–";

/** Writes a number or a rate: with one digit after the point where it is small. */
export function formatNumber(value: number | null): string {
  if (value === null) return NONE;
  if (value > 0 && value < 0.05) return "<0.1";
  return (Math.abs(value) < 10 ? SMALL : NUMBER).format(value);
}

/** Writes a share of 0 to 1. */
export function formatShare(value: number): string {
  return PERCENT.format(value);
}

/** Writes a number of bytes. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return NONE;
  const units = ["B", "KiB", "MiB", "GiB"];
  let value = bytes;
  while (value >= 1_024 && units.length > 1) {
    value /= 1_024;
    units.shift();
  }
  return `${formatNumber(value)} ${units[0]}`;
}

/** Writes a time in milliseconds. */
export function formatMillis(millis: number | null): string {
  if (millis === null) return NONE;
  if (millis >= 1_000) return `${SMALL.format(millis / 1_000)} s`;
  if (millis >= 10) return `${NUMBER.format(millis)} ms`;
  return `${Number(millis.toPrecision(2))} ms`;
}

/** Writes a time that goes on, in its two largest units. */
export function formatAge(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  if (minutes > 0) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}

/** Writes a time that stands still, in one unit. */
export function formatSpan(millis: number): string {
  const seconds = Math.round(millis / 1_000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** Writes "1 room" or "2 rooms". */
export function formatCount(count: number, one: string, more?: string): string {
  return `${formatNumber(count)} ${count === 1 ? one : more ?? `${one}s`}`;
}

/** Writes a name that a client may have left empty. */
export function formatName(name: string): string {
  return name === "" ? "(no name)" : name;
}
