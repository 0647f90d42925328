import { useParams } from "@tanstack/react-router";
import Workspace from "../pages/workspace";

/** The page of a project: a workspace of its own for each one. */
export default function WorkspaceRoute() {
  const { project } = useParams({ strict: false });
  return project === undefined ? null : <Workspace key={project} project={project} />;
}
