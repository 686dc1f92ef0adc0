/// <reference lib="dom" />
/**
 * Drives Chromium, for the tests of pages: W3C WebDriver, spoken to
 * `chromedriver` over HTTP (https://www.w3.org/TR/webdriver2/).
 *
 * @module
 */

import { delimiter, join } from "node:path";

/** How long a page may take for what a test waits for, in milliseconds. */
const DEADLINE = 15_000;

const DRIVER = Deno.build.os === "windows"
  ? "chromedriver.exe"
  : "chromedriver";

/** The key under which WebDriver gives an element. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** The keys that are no characters, as WebDriver spells them. */
export const Key = {
  tab: "\ue004",
  enter: "\ue007",
  shift: "\ue008",
  escape: "\ue00c",
  end: "\ue010",
} as const;

/**
 * Tells whether a test of a page cannot run here, and says why. With
 * `BROWSER=required` in the environment it is to run, and to fail.
 *
 * @param test The name of the test.
 * @param options Whether it takes long: then it is left out where nobody requires
 * it.
 * @returns Whether to ignore it.
 */
export function lacksBrowser(
  test: string,
  { isLong = false }: { readonly isLong?: boolean } = {},
): boolean {
  if (Deno.env.get("BROWSER") === "required") return false;
  if (hasDriver() && !isLong) return false;
  const reason = isLong
    ? "it takes long; set BROWSER=required to run it"
    : "chromedriver is not installed (Debian: apt-get install chromium-driver)";
  console.warn(`${test}: ignored, since ${reason}`);
  return true;
}

function hasDriver(): boolean {
  return (Deno.env.get("PATH") ?? "").split(delimiter).some((folder) => {
    try {
      return Deno.statSync(join(folder, DRIVER)).isFile;
    } catch {
      return false;
    }
  });
}

/** A running Chromium without a window on the screen. */
export class Browser implements AsyncDisposable {
  readonly #driver: Deno.ChildProcess;
  readonly #output: Promise<void>;
  readonly #profile: string;
  readonly #origin: string;
  #session = "";
  /** The handle of the window that commands are about. */
  #window = "";
  #isFirst = true;

  private constructor(
    driver: Deno.ChildProcess,
    options: { output: Promise<void>; profile: string; port: string },
  ) {
    this.#driver = driver;
    this.#output = options.output;
    this.#profile = options.profile;
    this.#origin = `http://127.0.0.1:${options.port}`;
  }

  /**
   * Starts chromedriver on a free port, and Chromium with a new profile.
   *
   * @returns The browser.
   */
  static async launch(): Promise<Browser> {
    const driver = new Deno.Command(DRIVER, {
      args: ["--port=0"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const port = Promise.withResolvers<string>();
    let text = "";
    const output = driver.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write(chunk) {
          text += chunk;
          const [, found] = /successfully on port (\d+)/.exec(text) ?? [];
          if (found !== undefined) port.resolve(found);
        },
        close: () => port.reject(new Error(`chromedriver has ended: ${text}`)),
      }),
    );
    const profile = await Deno.makeTempDir();
    const options = { output, profile, port: await port.promise };
    const browser = new Browser(driver, options);
    try {
      await browser.#begin();
    } catch (error) {
      await browser[Symbol.asyncDispose]();
      throw error;
    }
    return browser;
  }

  async #begin(): Promise<void> {
    const args = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--user-data-dir=${this.#profile}`,
    ];
    const alwaysMatch = {
      "goog:chromeOptions": { args },
      "goog:loggingPrefs": { browser: "WARNING" },
      timeouts: { script: DEADLINE },
    };
    const { sessionId } = await this.#request<{ sessionId: string }>(
      "POST",
      "/session",
      { capabilities: { alwaysMatch } },
    );
    this.#session = `/session/${sessionId}`;
  }

  /**
   * Opens a page in a window of its own.
   *
   * @param url The URL.
   * @param size The size of the page in CSS pixels.
   * @returns The page.
   */
  async open(url: string, size: Size = WIDE): Promise<Page> {
    const handle = this.#isFirst
      ? await this.#request<string>("GET", `${this.#session}/window`)
      : (await this.#request<{ handle: string }>(
        "POST",
        `${this.#session}/window/new`,
        { type: "window" },
      )).handle;
    this.#isFirst = false;
    const page = new Page((method, path, body) =>
      this.#send(handle, { method, path, body })
    );
    await page.resize(size);
    await page.navigate(url);
    return page;
  }

  /**
   * Takes what the consoles of the pages show of errors and warnings. That a
   * request has failed is left out: tests stop servers.
   *
   * @returns The texts that have come since the last call.
   */
  async takeErrors(): Promise<string[]> {
    const entries = await this.#request<{ source: string; message: string }[]>(
      "POST",
      `${this.#session}/se/log`,
      { type: "browser" },
    );
    return entries.filter(({ source, message }) =>
      source !== "network" && !/^\S+ \S+ WebSocket connection to /.test(message)
    ).map(({ message }) => message);
  }

  async #send<T>(
    handle: string,
    { method, path, body }: { method: string; path: string; body?: unknown },
  ): Promise<T> {
    if (this.#window !== handle) {
      this.#window = handle;
      await this.#request("POST", `${this.#session}/window`, { handle });
    }
    return await this.#request<T>(method, this.#session + path, body);
  }

  async #request<T>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<T> {
    const response = await fetch(this.#origin + path, {
      method,
      ...(method === "POST" && { body: JSON.stringify(body ?? {}) }),
    });
    const { value } = await response.json();
    if (response.ok) return value;
    throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
  }

  /** Ends Chromium and chromedriver, and removes the profile. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#session !== "") {
      await this.#request("DELETE", this.#session).catch(() => {});
    }
    this.#driver.kill("SIGTERM");
    await this.#output;
    await this.#driver.status;
    await Deno.remove(this.#profile, { recursive: true }).catch(() => {});
  }
}

/** The size of a page in CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A desk. */
export const WIDE: Size = { width: 1_280, height: 800 };
/** A telephone. */
export const NARROW: Size = { width: 390, height: 844 };

/** Sends a command of WebDriver about the window of a page. */
type Send = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** A page in a window of the browser. */
export class Page {
  readonly #send: Send;
  #size: Size = WIDE;

  /**
   * Made by {@linkcode Browser.open}.
   *
   * @param send Sends its commands.
   */
  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * Goes to a URL.
   *
   * @param url The URL.
   */
  async navigate(url: string): Promise<void> {
    await this.#send("POST", "/url", { url });
  }

  /** Loads the page again. */
  async reload(): Promise<void> {
    await this.#send("POST", "/refresh");
  }

  /** Goes back to the page before. */
  async back(): Promise<void> {
    await this.#send("POST", "/back");
  }

  /** The size that the page has been given. */
  get size(): Size {
    return this.#size;
  }

  /**
   * Gives the page another size.
   *
   * @param size The size in CSS pixels.
   */
  async resize(size: Size): Promise<void> {
    const { width, height } = this.#size = size;
    const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
    await this.command("Emulation.setDeviceMetricsOverride", metrics);
  }

  /**
   * Sets what the user of the page prefers.
   *
   * @param scheme The colour scheme.
   * @param motion Whether there should be less motion.
   */
  async prefer(
    scheme: "light" | "dark",
    motion: "reduce" | "no-preference" = "no-preference",
  ): Promise<void> {
    await this.command("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: scheme },
        { name: "prefers-reduced-motion", value: motion },
      ],
    });
  }

  /**
   * Sends a command of the Chrome DevTools protocol
   * (https://chromedevtools.github.io/devtools-protocol/).
   *
   * @param cmd Its name.
   * @param params Its parameters.
   */
  async command(cmd: string, params: unknown): Promise<void> {
    await this.#send("POST", "/goog/cdp/execute", { cmd, params });
  }

  /**
   * Clicks an element.
   *
   * @param selector Its CSS selector, as in the other methods.
   */
  async click(selector: string): Promise<void> {
    const id = await this.#find(selector);
    await this.#send("POST", `/element/${id}/click`);
  }

  /**
   * Types into an element.
   *
   * @param selector The element.
   * @param text The text; {@linkcode Key} has the keys that are no characters.
   */
  async type(selector: string, text: string): Promise<void> {
    const id = await this.#find(selector);
    await this.#send("POST", `/element/${id}/value`, { text });
  }

  /**
   * Presses keys where the focus is, one after another.
   *
   * @param keys The keys; Shift is held for the next one.
   */
  async press(...keys: readonly string[]): Promise<void> {
    const actions = keys.flatMap((key, index) => {
      const isHeld = keys[index - 1] === Key.shift;
      const down = { type: "keyDown", value: key };
      const up = { type: "keyUp", value: key };
      if (key === Key.shift) return [down];
      return isHeld
        ? [down, up, { type: "keyUp", value: Key.shift }]
        : [down, up];
    });
    await this.#send("POST", "/actions", {
      actions: [{ type: "key", id: "keyboard", actions }],
    });
  }

  /**
   * Gives the text of an element, as it is shown.
   *
   * @param selector The element.
   * @returns The text.
   */
  async text(selector: string): Promise<string> {
    const id = await this.#find(selector);
    return await this.#send("GET", `/element/${id}/text`);
  }

  async #find(selector: string): Promise<string> {
    const element = await this.#send<Record<string, string>>(
      "POST",
      "/element",
      { using: "css selector", value: selector },
    );
    return element[ELEMENT]!;
  }

  /**
   * Runs a function in the page. Nothing around it is known there.
   *
   * @param run The function.
   * @param args Its arguments, which JSON can carry.
   * @returns What it returns, which JSON can carry.
   */
  async run<Args extends readonly unknown[], T>(
    run: (...args: Args) => T,
    ...args: Args
  ): Promise<Awaited<T>> {
    return await this.evaluate(`return (${run}).apply(null, arguments)`, args);
  }

  /**
   * Runs the text of a function's body in the page.
   *
   * @param script The text.
   * @param args What `arguments` is.
   * @returns What it returns.
   */
  async evaluate<T>(script: string, args: readonly unknown[] = []): Promise<T> {
    return await this.#send("POST", "/execute/sync", { script, args });
  }

  /**
   * Waits until a function in the page returns something true.
   *
   * @param check The function.
   * @param args Its arguments, which JSON can carry.
   * @returns What it returned.
   * @throws {Error} When that takes too long.
   */
  async until<Args extends readonly unknown[], T>(
    check: (...args: Args) => T,
    ...args: Args
  ): Promise<NonNullable<Awaited<T>>> {
    const script = `
      const done = arguments[arguments.length - 1];
      const args = [...arguments].slice(0, -1);
      const end = Date.now() + ${DEADLINE - 2_000};
      (async function poll() {
        const value = await (${check}).apply(null, args);
        if (value || Date.now() > end) done(value);
        else setTimeout(poll, 20);
      })();`;
    const value = await this.#send<NonNullable<Awaited<T>>>(
      "POST",
      "/execute/async",
      { script, args },
    );
    if (value) return value;
    const shown = await this.evaluate("return document.body.innerText");
    throw new Error(`This did not come: ${check} with ${args}\n${shown}`);
  }

  /**
   * Waits until an element shows a text.
   *
   * @param selector The element.
   * @param text A part of its text; nothing else if it is empty.
   */
  async shows(selector: string, text: string): Promise<void> {
    await this.until(
      (selector, text) => {
        const element = document.querySelector<HTMLElement>(selector);
        if (!element?.checkVisibility()) return false;
        const shown = element.innerText;
        return text === "" ? shown.trim() === "" : shown.includes(text);
      },
      selector,
      text,
    );
  }

  /**
   * Writes a picture of the page into a file.
   *
   * @param path The name of the file, a PNG.
   */
  async screenshot(path: string): Promise<void> {
    const png = await this.#send<string>("GET", "/screenshot");
    await Deno.writeFile(path, Uint8Array.fromBase64(png));
  }
}
