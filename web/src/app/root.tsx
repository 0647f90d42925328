// What is around every page: the skip link, the palette, the help sheet, toasts,
// and the theme that the person chose.
import { useQuery } from "@tanstack/react-query";
import { Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { messageOf } from "../api/problem";
import { projectSearch } from "../api/queries";
import { usePreferences, useSite } from "../api/session";
import { registry, useActions } from "../ui/action";
import { KeySheet } from "../ui/keysheet";
import { Palette } from "../ui/palette";
import { useSettled } from "../ui/search";
import { setTheme, useTheme } from "../ui/theme";
import { Toasts, toast } from "../ui/toast";
import { t } from "../words";
import { leave } from "./leave";
import styles from "./root.module.css";

export function Root() {
  const [palette, setPalette] = useState(false);
  const [sheet, setSheet] = useState(false);
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      registry.press(e);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  useChosenTheme();
  useActions([
    {
      id: "palette.open",
      label: t("Find an action or a project"),
      group: t("Everywhere"),
      keys: "Mod+K",
      run: () => setPalette(true),
    },
    {
      id: "keys.show",
      label: t("Show the keys"),
      group: t("Everywhere"),
      keys: "?",
      run: () => setSheet(true),
    },
  ]);
  useSiteActions();
  return (
    <>
      <a className={styles.skip} href="#main">
        {t("Skip to the content")}
      </a>
      <Outlet />
      <ProjectPalette open={palette} onClose={() => setPalette(false)} />
      <KeySheet open={sheet} onClose={() => setSheet(false)} />
      <Toasts />
    </>
  );
}

/** The theme of the account, once it is known, is the theme of this browser. */
function useChosenTheme() {
  const { account } = useSite();
  const [{ theme }] = usePreferences();
  const known = account !== undefined;
  useEffect(() => {
    if (known) setTheme(theme);
  }, [known, theme]);
}

/** What can be done on every page. */
function useSiteActions() {
  const { account } = useSite();
  const navigate = useNavigate();
  const router = useRouter();
  const theme = useTheme();
  const [, prefer] = usePreferences();
  const signedIn = () => account !== undefined;
  const go = (id: string, label: string, to: "/projects" | "/settings" | "/admin/people", admin = false) => ({
    id,
    label,
    group: t("Go to"),
    when: () => signedIn() && (!admin || account?.admin === true),
    run: () => void navigate({ to }),
  });
  const choose = (next: "system" | "light" | "dark", label: string) => ({
    id: `theme.${next}`,
    label,
    group: t("Appearance"),
    when: () => theme !== next,
    run: () => {
      setTheme(next);
      prefer({ theme: next }).catch((e) => toast({ text: messageOf(e), kind: "bad" }));
    },
  });
  useActions([
    go("go.projects", t("Projects"), "/projects"),
    go("go.settings", t("Your settings"), "/settings"),
    go("go.admin", t("Administration"), "/admin/people", true),
    choose("light", t("Use the light theme")),
    choose("dark", t("Use the dark theme")),
    choose("system", t("Use the system's theme")),
    {
      id: "session.end",
      label: t("Sign out"),
      group: t("Everywhere"),
      when: signedIn,
      run: () => void leave(router.options.context.cache, navigate),
    },
  ]);
}

/** The palette, with the projects whose names are like what was typed. */
function ProjectPalette({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [query, setQuery] = useState("");
  const settled = useSettled(query.trim());
  const navigate = useNavigate();
  const { account } = useSite();
  const found = useQuery({ ...projectSearch(settled), enabled: open && account !== undefined });
  const items = useMemo(
    () =>
      (found.data?.items ?? []).map((p) => ({
        id: `project.${p.id}`,
        label: p.name,
        group: t("Open a project"),
        run: () => void navigate({ to: "/projects/$project", params: { project: p.id } }),
      })),
    [found.data, navigate],
  );
  return (
    <Palette
      open={open}
      query={query}
      onQuery={setQuery}
      more={items}
      onClose={() => {
        setQuery("");
        onClose();
      }}
    />
  );
}
