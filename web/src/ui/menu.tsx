import { Check, type LucideIcon } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import { createContext, type ReactElement, type ReactNode, useContext, useRef } from "react";
import { type Hold, holdKeys } from "./ahead";
import { classes } from "./classes";
import { Keys } from "./keys";
import styles from "./menu.module.css";

/** What is done once the menu has given the focus back. */
const Late = createContext<(run: () => void) => void>((run) => run());

/** A menu that a button opens. The trigger is that button. */
export function Menu({
  trigger,
  align = "end",
  open,
  onOpenChange,
  back,
  children,
}: {
  trigger: ReactElement;
  align?: "start" | "center" | "end";
  /** Given when something else than the trigger opens it: a right click. */
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** Where the trigger is nothing that can have the focus: gives it to what can. */
  back?: () => void;
  children: ReactNode;
}) {
  const late = useRef<() => void>(undefined);
  const typed = useRef<Hold>(undefined);
  const change = (o: boolean) => {
    // What is typed until the focus is back is for what has it then.
    if (!o) typed.current = holdKeys();
    onOpenChange?.(o);
  };
  const closed = (e: Event) => {
    if (back) {
      e.preventDefault();
      if (document.activeElement === null || document.activeElement === document.body) back();
    }
    const run = late.current;
    late.current = undefined;
    // After Radix has done its own, which follows.
    queueMicrotask(() => {
      run?.();
      typed.current?.arrived();
    });
  };
  return (
    <Radix.Root modal={false} {...(open !== undefined && { open })} onOpenChange={change}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          className={styles.menu}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          loop
          onCloseAutoFocus={closed}
        >
          <Late value={(run) => (late.current = run)}>{children}</Late>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function MenuItem({
  icon: Icon,
  keys,
  danger,
  disabled,
  late,
  onSelect,
  children,
}: {
  icon?: LucideIcon;
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  /** It takes the focus, so it is done once the menu has given it back. */
  late?: boolean;
  onSelect: () => void;
  children: ReactNode;
}) {
  const later = useContext(Late);
  return (
    <Radix.Item
      className={classes(styles.item, danger && styles.danger)}
      disabled={disabled ?? false}
      onSelect={late ? () => later(onSelect) : onSelect}
    >
      {Icon === undefined ? null : <Icon size={16} strokeWidth={1.5} aria-hidden />}
      <span className={styles.text}>{children}</span>
      {keys === undefined ? null : <Keys keys={keys} />}
    </Radix.Item>
  );
}

/** One choice of a few. */
export function MenuChoice<T extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: T;
  choices: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <Radix.RadioGroup
      aria-label={label}
      value={value}
      onValueChange={(v) => {
        const chosen = choices.find((c) => c.value === v);
        if (chosen !== undefined) onChange(chosen.value);
      }}
    >
      <Radix.Label className={styles.label}>{label}</Radix.Label>
      {choices.map((c) => (
        <Radix.RadioItem key={c.value} value={c.value} className={styles.item}>
          <span className={styles.check}>
            <Radix.ItemIndicator>
              <Check size={16} strokeWidth={1.5} aria-hidden />
            </Radix.ItemIndicator>
          </span>
          <span className={styles.text}>{c.label}</span>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className={styles.label}>{children}</Radix.Label>;
}

export function MenuLine() {
  return <Radix.Separator className={styles.line} />;
}
