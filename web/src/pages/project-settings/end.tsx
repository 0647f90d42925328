import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/fetch";
import { dropProject } from "../../api/live";
import type { Project } from "../../api/types";
import { moment } from "../../ui/ago";
import { ConfirmDialog } from "../../ui/dialog";
import { DoSetting, Section } from "../../ui/settings";
import { t } from "../../words";
import { useProjectWork } from "../projects/do";

export function EndSection({ project: p }: { project: Project }) {
  const work = useProjectWork();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<"leave" | "delete">();
  const close = () => setAsking(undefined);
  const can = (verb: string) => p.can.includes(verb);
  return (
    <Section id="end" title={t("Leave or delete")}>
      {p.role !== undefined && can("project.leave") ? (
        <DoSetting
          label={t("Leave the project")}
          about={
            p.role === "owner"
              ? t("You lose access to it. The last owner cannot leave: make somebody else an owner first.")
              : t("You lose access to it; an owner can invite you again.")
          }
          button={t("Leave")}
          danger
          onClick={() => setAsking("leave")}
        />
      ) : null}
      {can("project.delete") && p.deleted === undefined ? (
        <DoSetting
          label={t("Delete the project")}
          about={t(
            "It stops for everybody. It can be restored until its grace time is over; then its files are removed.",
          )}
          button={t("Delete")}
          danger
          onClick={() => setAsking("delete")}
        />
      ) : null}
      {can("project.delete") && p.deleted !== undefined ? (
        <DoSetting
          label={t("Restore the project")}
          about={
            p.purged === undefined
              ? t("It was deleted.")
              : t("It was deleted, and is removed for good at {when}.", { when: moment(p.purged) })
          }
          button={t("Restore")}
          onClick={() => void work.change(p, "restore")}
        />
      ) : null}
      <ConfirmDialog
        open={asking === "leave"}
        onClose={close}
        title={t("Leave “{name}”?", { name: p.name })}
        description={t("It goes from your list, and what you have open in it closes.")}
        confirm={t("Leave")}
        busy={t("Leaving…")}
        onConfirm={async () => {
          await request("POST", "/projects/{id}/leave", { path: { id: p.id } });
          await navigate({ to: "/projects" });
          dropProject(cache, p.id);
        }}
      />
      <ConfirmDialog
        open={asking === "delete"}
        onClose={close}
        title={t("Delete “{name}”?", { name: p.name })}
        description={t(
          "It stops for all its people. You find it under Deleted, and can restore it, until its grace time is over.",
        )}
        confirm={t("Delete")}
        busy={t("Deleting…")}
        typed={p.name}
        onConfirm={async () => {
          await work.remove(p);
          await navigate({ to: "/projects" });
        }}
      />
    </Section>
  );
}
