import styles from "./avatar.module.css";

/** The colour of a person, from their Person.colour. */
export function personColour(index: number): string {
  return `var(--person-${((Math.trunc(index) % 12) + 12) % 12})`;
}

/** One or two letters for a name: "Ada Lovelace" is AL. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((w) => /^[\p{L}\p{N}]/u.test(w));
  const first = [...(words[0] ?? "")][0] ?? "?";
  const last = words.length > 1 ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return (first + last).toUpperCase();
}

interface Someone {
  id?: string;
  name: string;
  colour: number;
}

/** A person as a disc of their colour. The name is read out unless it stands beside it. */
export function Avatar({ person, size = 24, beside }: { person: Someone; size?: number; beside?: boolean }) {
  const shape = {
    width: size,
    height: size,
    fontSize: Math.round(size * 0.4),
    background: personColour(person.colour),
  };
  return (
    // The initials are drawn by the style sheet: they are a picture, not words.
    <span
      className={styles.avatar}
      style={shape}
      data-initials={initials(person.name)}
      {...(beside ? { "aria-hidden": true } : { role: "img", "aria-label": person.name, title: person.name })}
    />
  );
}

/** A few people, and how many more there are. */
export function Avatars({
  people,
  total,
  size = 24,
}: {
  people: readonly Someone[];
  total: number;
  size?: number;
}) {
  const more = total - people.length;
  return (
    <span className={styles.stack}>
      {people.map((p) => (
        <Avatar key={p.id ?? p.name} person={p} size={size} />
      ))}
      {more > 0 ? <span className={styles.more}>+{more}</span> : null}
    </span>
  );
}
