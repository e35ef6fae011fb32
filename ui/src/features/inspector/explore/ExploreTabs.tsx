/** The pages that look something up, each at its own address. */
import { RouteLink } from "../../shared/RouteLink";
import { connectionsPath, logsPath, rowsPath } from "../routes";
import styles from "./Explore.module.css";

const tabs = [
  ["rows", "Rows", rowsPath()],
  ["logs", "Logs", logsPath()],
  ["connections", "Connected users", connectionsPath()],
] as const;

export function ExploreTabs({ current }: { readonly current: (typeof tabs)[number][0] }) {
  return (
    <nav className={styles.tabs} aria-label="Explore">
      {tabs.map(([view, label, path]) => (
        <RouteLink key={view} to={path} className={styles.tab} current={view === current}>
          <span data-label={label}>{label}</span>
        </RouteLink>
      ))}
    </nav>
  );
}
