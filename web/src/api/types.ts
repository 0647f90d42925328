// Short names for the generated types of what crosses the wire.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Account = Schemas["Account"];
export type AdminAccount = Schemas["AdminAccount"];
export type AdminProject = Schemas["AdminProject"];
export type AuditEntry = Schemas["AuditEntry"];
export type EnvVar = Schemas["EnvVar"];
export type Invitation = Schemas["Invitation"];
export type InvitationOffer = Schemas["InvitationOffer"];
export type Machine = Schemas["Machine"];
export type Member = Schemas["Member"];
export type Person = Schemas["Person"];
export type Problem = Schemas["Problem"];
export type Project = Schemas["Project"];
export type ProjectState = Schemas["ProjectState"];
export type Session = Schemas["Session"];
export type Settings = Schemas["Settings"];
export type Site = Schemas["Site"];
export type Token = Schemas["Token"];
export type Role = Member["role"];
export type Phase = ProjectState["phase"];

/** One page of a list, as every list answers. */
export interface Page<T> {
  items: T[];
  next?: string;
  total: number;
}
