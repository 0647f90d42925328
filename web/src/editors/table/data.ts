import { useEffect, useMemo, useState } from "react";
import { readTable, type Table, type TableQuery } from "../../api/previews";
import { Pager } from "../pages";
import type { Choice } from "./state";

/** Rows and columns of a part that is read at once. */
export const block = { rows: 200, columns: 60 } as const;

const across = 1 << 16;

/** The number of a block, by its row and column in blocks. */
export function blockAt(row: number, column: number): number {
  return Math.floor(row / block.rows) * across + Math.floor(column / block.columns);
}

export type Data = {
  /** The latest answer: how the table is read and how large it is. Undefined at the beginning. */
  head: Table | undefined;
  /** Why there is none. */
  error: unknown;
  pages: Pager<Table>;
  query: (q: TableQuery, signal: AbortSignal) => Promise<Table>;
};

/** A table, its parts read as they are looked at, and read again when the file changed. */
export function useTable(
  project: string,
  path: string,
  version: number,
  format: TableQuery["format"],
  choice: Choice,
): Data {
  const [head, setHead] = useState<Table>();
  const [error, setError] = useState<unknown>();
  const [, draw] = useState(0);
  const key = JSON.stringify([format, choice]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version or choice is read anew
  const { pages, query } = useMemo(() => {
    const { sort, ...rest } = choice;
    const own: TableQuery = { ...rest, ...(format && { format }) };
    if (sort) Object.assign(own, { sort: sort.column, descending: sort.descending });
    const ask = (q: TableQuery, signal: AbortSignal) => readTable(project, path, { ...own, ...q }, signal);
    const read = async (n: number, signal: AbortSignal) => {
      const at = { from: Math.floor(n / across) * block.rows, column: (n % across) * block.columns };
      const got = await ask({ ...at, ...block }, signal);
      setHead((h) => (h && h.total > got.total && h.version === got.version ? h : got));
      return got;
    };
    return { query: ask, pages: new Pager<Table>(read, () => draw((x) => x + 1)) };
  }, [project, path, version, key]);
  useEffect(() => () => pages.end(), [pages]);

  useEffect(() => {
    const stop = new AbortController();
    void (async () => {
      try {
        let got = await query({ ...block }, stop.signal);
        setHead(got);
        setError(undefined);
        while (!got.complete) {
          got = await query({ rows: 0, wait: true }, stop.signal);
          setHead(got);
        }
      } catch (e) {
        if (!stop.signal.aborted) setError(e);
      }
    })();
    return () => stop.abort();
  }, [query]);
  return { head, error, pages, query };
}
