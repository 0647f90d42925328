// Runs before anything is painted: the theme that this browser saw last, so that
// a page in the dark theme does not flash white. src/ui/theme.ts writes it.
try {
  const theme = localStorage.getItem("lyceum.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then the system's theme is shown.
}
