import { assertEquals } from "@std/assert";
import { compareRoutes } from "./activation.ts";

Deno.test("compareRoutes() puts first what says more of a path", () => {
  const sorted = [
    "/a/:b",
    "/:id(\\d+)/b",
    "/:id(\\d+)",
    "/:a/b",
    "/:a/:b",
    "/:a",
    "/:a?",
    "/*",
  ];
  const routes = sorted.toReversed().map((path) => ({ path }));
  const paths = routes.toSorted(compareRoutes).map(({ path }) => path);
  // Routes that no path has in common stay in their order.
  assertEquals(paths.filter((path) => path.split("/").length === 3), [
    "/a/:b",
    "/:id(\\d+)/b",
    "/:a/b",
    "/:a/:b",
  ]);
  assertEquals(paths.filter((path) => path.split("/").length === 2), [
    "/:id(\\d+)",
    "/:a",
    "/:a?",
    "/*",
  ]);
});
