import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { members } from "../../../api/queries";
import { useRoom } from "../context";

/** The colour of a person by their account; of those who left, one that is always the same. */
export function useColours(): (account: string) => number {
  const { project } = useRoom();
  const { data } = useQuery(members(project.id));
  return useMemo(() => {
    const known = new Map(data?.map((m) => [m.person.id, m.person.colour]));
    return (account) =>
      known.get(account) ?? [...account].reduce((n, c) => n + (c.codePointAt(0) ?? 0), 0) % 12;
  }, [data]);
}
