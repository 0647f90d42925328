import { useEffect } from "react";
import { useSite } from "../api/session";

/** Names the page in the browser's tab: "Projects · Lyceum". */
export function useTitle(title: string): void {
  const { name } = useSite();
  useEffect(() => {
    document.title = title === "" ? name : `${title} · ${name}`;
  }, [title, name]);
}
