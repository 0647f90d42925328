import { useQuery } from "@tanstack/react-query";
import { Navigate, useParams } from "@tanstack/react-router";
import { project as projectQuery } from "../api/queries";
import Workspace from "../pages/workspace";

/**
 * The page of a project: a workspace of its own for each one. An address with
 * the project's short name goes on under its identifier.
 */
export default function WorkspaceRoute() {
  const { project = "", _splat = "" } = useParams({ strict: false });
  const id = useQuery(projectQuery(project)).data?.id ?? project;
  if (id !== project && _splat !== "") {
    return <Navigate to="/projects/$project/$" params={{ project: id, _splat }} replace />;
  }
  if (id !== project) return <Navigate to="/projects/$project" params={{ project: id }} replace />;
  return <Workspace key={project} project={project} />;
}
