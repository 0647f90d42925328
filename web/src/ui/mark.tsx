/** The portico: three columns under a low roof. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        fill="var(--accent)"
        d="M12 2.5 22 8v2H2V8l10-5.5ZM4.5 11.5h3v7h-3ZM10.5 11.5h3v7h-3ZM16.5 11.5h3v7h-3ZM2.5 20h19v1.5h-19Z"
      />
    </svg>
  );
}
