// The routes: which page a path opens, and what must be known before it is shown.
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  redirect,
} from "@tanstack/react-router";
import { basePath } from "../api/address";
import { site } from "../api/queries";
import { InvitationPage } from "../pages/entry/invitation";
import { SetupPage } from "../pages/entry/setup";
import { SignInPage } from "../pages/entry/signin";
import { SignUpPage } from "../pages/entry/signup";
import { ProjectsPage } from "../pages/projects";
import { Crash } from "./crash";
import { NotFound } from "./notfound";
import { Root } from "./root";
import { Shell } from "./shell";
import { SignedIn } from "./signedin";

export interface Context {
  cache: QueryClient;
}

const root = createRootRouteWithContext<Context>()({
  beforeLoad: async ({ context }) => {
    await context.cache.ensureQueryData(site());
  },
  component: Root,
  errorComponent: Crash,
  notFoundComponent: NotFound,
});

/** A path within the app to go to after signing in; nothing else is taken from an address. */
function nextOf(search: Record<string, unknown>): { next?: string } {
  const { next } = search;
  return typeof next === "string" && /^\/(?!\/)/.test(next) ? { next } : {};
}

const setup = createRoute({ getParentRoute: () => root, path: "/setup", component: SetupPage });
const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: nextOf,
  component: SignInPage,
});
const signUp = createRoute({ getParentRoute: () => root, path: "/sign-up", component: SignUpPage });
const invitation = createRoute({
  getParentRoute: () => root,
  path: "/invitations/$secret",
  component: InvitationPage,
});

// Everything below needs an account; the event stream runs while it is shown.
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  beforeLoad: async ({ context, location }) => {
    const { account } = await context.cache.ensureQueryData(site());
    if (account === undefined) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
  component: SignedIn,
});
// One page for a project and for everything that an address names in it, so that
// going from one to the other keeps it as it is.
const workspace = createRoute({
  getParentRoute: () => signedIn,
  path: "/projects/$project",
  component: lazyRouteComponent(() => import("./workspace")),
});
const workspaceHome = createRoute({ getParentRoute: () => workspace, path: "/" });
const workspaceDeep = createRoute({ getParentRoute: () => workspace, path: "/$" });

// Pages with the top bar.
const shell = createRoute({ getParentRoute: () => signedIn, id: "shell", component: Shell });
const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/projects" });
  },
});
const projects = createRoute({ getParentRoute: () => shell, path: "/projects", component: ProjectsPage });
const projectSettings = createRoute({
  getParentRoute: () => shell,
  path: "/projects/$project/settings",
  component: lazyRouteComponent(() => import("../pages/project-settings"), "ProjectSettingsPage"),
});
const settings = createRoute({
  getParentRoute: () => shell,
  path: "/settings",
  component: lazyRouteComponent(() => import("../pages/settings"), "SettingsPage"),
});

// The administrator's pages; to anybody else they are not there.
const admin = createRoute({
  getParentRoute: () => shell,
  path: "/admin",
  beforeLoad: async ({ context }) => {
    const { account } = await context.cache.ensureQueryData(site());
    if (account?.admin !== true) throw notFound();
  },
  component: lazyRouteComponent(() => import("../pages/admin"), "AdminPage"),
});
const adminHome = createRoute({
  getParentRoute: () => admin,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/admin/people" });
  },
});
const adminPage = (name: "PeoplePage" | "RunningPage" | "SiteSettingsPage" | "MachinePage" | "AuditPage") =>
  lazyRouteComponent(() => import("../pages/admin"), name);
const adminPeople = createRoute({
  getParentRoute: () => admin,
  path: "/people",
  component: adminPage("PeoplePage"),
});
const adminProjects = createRoute({
  getParentRoute: () => admin,
  path: "/projects",
  validateSearch: (s: Record<string, unknown>): { phase?: "running" | "failed" } =>
    s.phase === "running" || s.phase === "failed" ? { phase: s.phase } : {},
  component: adminPage("RunningPage"),
});
const adminSite = createRoute({
  getParentRoute: () => admin,
  path: "/site",
  component: adminPage("SiteSettingsPage"),
});
const adminMachine = createRoute({
  getParentRoute: () => admin,
  path: "/machine",
  component: adminPage("MachinePage"),
});
const adminAudit = createRoute({
  getParentRoute: () => admin,
  path: "/audit",
  component: adminPage("AuditPage"),
});

const tree = root.addChildren([
  setup,
  signIn,
  signUp,
  invitation,
  home,
  signedIn.addChildren([
    workspace.addChildren([workspaceHome, workspaceDeep]),
    shell.addChildren([
      projects,
      projectSettings,
      settings,
      admin.addChildren([adminHome, adminPeople, adminProjects, adminSite, adminMachine, adminAudit]),
    ]),
  ]),
]);

export function newRouter(cache: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { cache },
    basepath: basePath(),
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultPendingMs: 400,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
