/** The theme: the system's or the user's choice. `public/theme.js` applies it before the first paint. */
import { writeItem } from "./storage";

export type Theme = "system" | "light" | "dark";

const KEY = "parley.theme";

export function currentTheme(): Theme {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
  writeItem(KEY, theme === "system" ? null : theme);
}
