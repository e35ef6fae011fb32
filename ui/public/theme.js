// Applies the selected theme before the first paint; a module script would run too late.
try {
  const theme = localStorage.getItem("parley.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is not available: use the system's theme.
}
