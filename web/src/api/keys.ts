// The names of what the query cache holds. One list, so that events and pages
// mean the same.
export const keys = {
  site: ["site"] as const,
  projects: ["projects"] as const,
  projectList: (filter: string, query: string) => ["projects", filter, query] as const,
  project: (id: string) => ["project", id] as const,
  members: (id: string) => ["project", id, "members"] as const,
  invitations: (id: string) => ["project", id, "invitations"] as const,
  env: (id: string) => ["project", id, "env"] as const,
  layout: (id: string) => ["project", id, "layout"] as const,
  sessions: ["account", "sessions"] as const,
  tokens: ["account", "tokens"] as const,
  offers: ["account", "invitations"] as const,
  offer: (secret: string) => ["offer", secret] as const,
  people: (query: string) => ["people", query] as const,
  admin: ["admin"] as const,
  adminPeople: (query: string) => ["admin", "people", query] as const,
  adminProjects: (query: string, phase: string) => ["admin", "projects", query, phase] as const,
  adminSettings: ["admin", "settings"] as const,
  adminInvitations: ["admin", "invitations"] as const,
  adminAudit: ["admin", "audit"] as const,
  adminMachine: ["admin", "machine"] as const,
};
