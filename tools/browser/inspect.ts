/// <reference lib="dom" />
import type { Page, Size } from "./mod.ts";
import { NARROW, WIDE } from "./mod.ts";

/** Pinned: a new release may have new rules. */
const AXE = "npm:axe-core@4.11.0";

/** A finding of axe (https://www.deque.com/axe/core-documentation/api-documentation/). */
interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Every size and scheme that a page is looked at with. */
const ALL_LOOKS: readonly { size: Size; scheme: "light" | "dark" }[] = [
  { size: WIDE, scheme: "light" },
  { size: WIDE, scheme: "dark" },
  { size: NARROW, scheme: "dark" },
  { size: NARROW, scheme: "light" },
];

/** Where nobody asks for all of it, each size and each scheme is seen once. */
const LOOKS = Deno.env.get("BROWSER") === "required" || Deno.env.get("SHOTS")
  ? ALL_LOOKS
  : ALL_LOOKS.filter((_, index) => index % 2 === 0);

/**
 * Looks at a page at 1,280 and 390 pixels, light and dark (in all four ways with
 * `BROWSER=required`, else in two), and finds what keeps
 * people from using it: what axe calls serious or critical, controls that are
 * smaller than a finger, and what stands out of the screen at the side.
 *
 * With the environment variable SHOTS, the name of a folder, each look is kept
 * there as a picture.
 *
 * @param page The page.
 * @param state What the page shows, for the findings.
 * @returns The findings, a line for each.
 */
export async function inspect(page: Page, state: string): Promise<string[]> {
  const axe = await loadAxe();
  const { size: before } = page;
  const shots = Deno.env.get("SHOTS");
  const findings: string[] = [];
  for (const { size, scheme } of LOOKS) {
    await page.resize(size);
    // Colours that are under way would be measured.
    await page.prefer(scheme, "reduce");
    const look = `${state}-${size.width}-${scheme}`;
    if (shots) await page.screenshot(`${shots}/${look}.png`);
    const serious = (await findViolations(page, axe))
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
    const lines = [
      ...serious,
      ...await page.run(findSmall),
      ...await page.run(findWide),
    ];
    findings.push(...lines.map((line) => `${look}: ${line}`));
  }
  await page.prefer("light");
  await page.resize(before);
  return findings;
}

/** Loads the script of axe; `undefined` where npm cannot be reached. */
async function loadAxe(): Promise<string | undefined> {
  try {
    const { default: axe }: { default: { source: string } } = await import(AXE);
    return axe.source;
  } catch (error) {
    if (Deno.env.get("BROWSER") === "required") throw error;
    console.warn(`axe is left out, since npm does not have it now (${error})`);
    return undefined;
  }
}

async function findViolations(
  page: Page,
  axe: string | undefined,
): Promise<Violation[]> {
  if (axe === undefined) return [];
  await page.evaluate(axe);
  return await page.evaluate(
    "return axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
  );
}

/** Finds controls of less than 44 pixels (WCAG 2.2, 2.5.5); a link in a text may be smaller. */
function findSmall(): string[] {
  return [...document.querySelectorAll("button, input, textarea, summary")]
    .filter((control) => control.checkVisibility({ visibilityProperty: true }))
    .flatMap((control) => {
      const { width, height } = control.getBoundingClientRect();
      const isSmall = Math.min(width, height) < 43.9;
      return isSmall
        ? [`small: ${control.outerHTML} (${width} x ${height})`]
        : [];
    });
}

function findWide(): string[] {
  const { scrollWidth } = document.documentElement;
  return scrollWidth > innerWidth
    ? [`wide: ${scrollWidth} pixels in ${innerWidth}`]
    : [];
}

/**
 * Begins to add up how much the page moves without its user having done
 * anything (https://web.dev/articles/cls).
 *
 * @param page The page.
 * @returns Gives the sum, and what has moved.
 */
export async function watchShifts(page: Page): Promise<() => Promise<string>> {
  await page.run(async () => {
    // What moves now is the work of the test.
    await new Promise((resolve) =>
      requestAnimationFrame(() => requestAnimationFrame(resolve))
    );
    const shifts: string[] = [];
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput, sources } = entry as unknown as {
          value: number;
          hadRecentInput: boolean;
          sources: { node: Element | null }[];
        };
        if (hadRecentInput) continue;
        const moved = sources.map(({ node }) =>
          node && `${node.nodeName}.${node.className}#${node.id}`
        );
        shifts.push(`${value}: ${moved}`);
      }
    }).observe({ type: "layout-shift" });
  });
  return () =>
    page.run(() =>
      (globalThis as unknown as { shifts: string[] }).shifts.join("\n")
    );
}
