// A notebook as a person sees it: the words of the journeys that are about one.
import type { Locator } from "playwright-core";
import { expect } from "vitest";
import type { Desk } from "./desk.ts";

/** A cell of a notebook that a journey begins with. */
export type Source = { id: string; type?: "code" | "markdown" | "raw"; source: string; outputs?: unknown[] };

/** An .ipynb of cells. */
export function notebook(cells: Source[]): string {
  return JSON.stringify({
    cells: cells.map(({ id, type = "code", source, outputs }) => ({
      id,
      cell_type: type,
      metadata: {},
      source,
      ...(type === "code" && { execution_count: null, outputs: outputs ?? [] }),
    })),
    metadata: { kernelspec: { name: "python3", display_name: "Python 3", language: "python" } },
    nbformat: 4,
    nbformat_minor: 5,
  });
}

/** A notebook that is open in somebody's browser. */
export class Sheet {
  readonly desk: Desk;
  constructor(desk: Desk) {
    this.desk = desk;
  }

  cell(id: string): Locator {
    return this.desk.page.locator(`[data-cell="${id}"]:visible`);
  }

  cells(): Promise<(string | null)[]> {
    return this.desk.page
      .locator("[data-cell]")
      .evaluateAll((all) => all.map((c) => c.getAttribute("data-cell")));
  }

  async open(name: string): Promise<void> {
    await this.desk.row(name).click();
    await this.desk.page.locator("[data-cell]:visible").first().waitFor();
    await this.desk.page.locator("[data-kernel]").waitFor();
  }

  /** Puts the focus on a cell. */
  async choose(id: string): Promise<void> {
    await this.cell(id).focus();
  }

  /** The texts of the cells, without the names of others. */
  async texts(): Promise<string[]> {
    return this.desk.page.locator("[data-cell]:visible").evaluateAll((all) =>
      all.map((c) => {
        // Far from the screen there is no editor, and a text that is read has none.
        const plain = c.querySelector("pre")?.textContent ?? "";
        if (!c.querySelector(".cm-editor")) return plain.trim();
        const lines = [...c.querySelectorAll(".cm-line")].map((line) => {
          const copy = line.cloneNode(true) as HTMLElement;
          for (const peer of copy.querySelectorAll(".cm-peer")) peer.remove();
          return copy.textContent ?? "";
        });
        return lines.join("\n").trim();
      }),
    );
  }

  /** Waits until a cell shows a text, in its outputs or elsewhere. */
  async shows(id: string, text: string | RegExp): Promise<void> {
    await expect.poll(() => this.cell(id).textContent(), { timeout: 40_000 }).toMatch(text);
  }

  async kernel(text: string | RegExp): Promise<void> {
    await expect
      .poll(() => this.desk.page.locator("[data-kernel]").textContent(), { timeout: 40_000 })
      .toMatch(text);
  }

  press(...keys: string[]): Promise<void> {
    return keys.reduce((before, k) => before.then(() => this.desk.page.keyboard.press(k)), Promise.resolve());
  }

  type(text: string): Promise<void> {
    return this.desk.page.keyboard.type(text);
  }
}
