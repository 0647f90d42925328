// The top bar of every page but the workspace.
import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { Keyboard, LogOut, Search, Settings, ShieldCheck } from "lucide-react";
import { messageOf } from "../api/problem";
import { useAccount, usePreferences, useSite } from "../api/session";
import { registry } from "../ui/action";
import { Avatar } from "../ui/avatar";
import { buttonClass, IconButton } from "../ui/button";
import { Mark } from "../ui/mark";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from "../ui/menu";
import { setTheme, type Theme, useTheme } from "../ui/theme";
import { toast } from "../ui/toast";
import { t } from "../words";
import { leave } from "./leave";
import styles from "./shell.module.css";

export function Shell() {
  const site = useSite();
  const account = useAccount();
  return (
    <>
      <header className={styles.bar}>
        <Link to="/projects" className={styles.home} aria-label={t("{site}: projects", { site: site.name })}>
          <Mark />
          <span>{site.name}</span>
        </Link>
        <nav aria-label={t("Site")}>
          <Link to="/projects" className={styles.link} activeOptions={{ exact: true }}>
            {t("Projects")}
          </Link>
          {account.admin ? (
            <Link to="/admin" className={styles.link}>
              {t("Administration")}
            </Link>
          ) : null}
        </nav>
        <span className={styles.gap} />
        <IconButton label={t("Find an action or a project")} keys="Mod+K" onClick={() => run("palette.open")}>
          <Search size={16} strokeWidth={1.5} />
        </IconButton>
        <AccountMenu />
      </header>
      <main id="main" tabIndex={-1} className={styles.main}>
        <Outlet />
      </main>
    </>
  );
}

function run(id: string) {
  registry
    .now()
    .find((a) => a.id === id)
    ?.run();
}

function AccountMenu() {
  const account = useAccount();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const theme = useTheme();
  const [, prefer] = usePreferences();
  const choose = (next: Theme) => {
    setTheme(next);
    prefer({ theme: next }).catch((e) => toast({ text: messageOf(e), kind: "bad" }));
  };
  return (
    <Menu
      trigger={
        <button
          type="button"
          className={`${buttonClass("quiet")} ${styles.account}`}
          aria-label={t("Your account")}
        >
          <Avatar person={account} size={28} beside />
        </button>
      }
    >
      <MenuLabel>
        <span className={styles.who}>
          <b>{account.name}</b>
          <br />
          {account.email}
        </span>
      </MenuLabel>
      <MenuLine />
      <MenuItem icon={Settings} onSelect={() => void navigate({ to: "/settings" })}>
        {t("Your settings")}
      </MenuItem>
      {account.admin ? (
        <MenuItem icon={ShieldCheck} onSelect={() => void navigate({ to: "/admin/people" })}>
          {t("Administration")}
        </MenuItem>
      ) : null}
      <MenuItem icon={Keyboard} keys="?" onSelect={() => run("keys.show")}>
        {t("Show the keys")}
      </MenuItem>
      <MenuLine />
      <MenuChoice
        label={t("Theme")}
        value={theme}
        onChange={choose}
        choices={[
          { value: "system", label: t("As the system") },
          { value: "light", label: t("Light") },
          { value: "dark", label: t("Dark") },
        ]}
      />
      <MenuLine />
      <MenuItem icon={LogOut} onSelect={() => void leave(cache, navigate)}>
        {t("Sign out")}
      </MenuItem>
    </Menu>
  );
}
