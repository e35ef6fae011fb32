/** A section of the sidebar, and the message that its content could not be loaded. */
import type { ReactNode } from "react";
import { focusOnRemoval } from "../../kit/keepFocus";
import styles from "./Sidebar.module.css";

const focusSidebarOnRemoval = focusOnRemoval(() =>
  document.querySelector<HTMLElement>('[data-region="sidebar"]'),
);

export function SidebarSection({
  title,
  tools,
  children,
}: {
  title: string;
  tools?: ReactNode;
  children: ReactNode;
}) {
  const id = `section-${title.toLowerCase().replaceAll(" ", "-")}`;
  return (
    <section className={styles.section} aria-labelledby={id}>
      <header className={styles.sectionHead}>
        <h2 id={id}>{title}</h2>
        {tools && <div className={styles.sectionTools}>{tools}</div>}
      </header>
      {children}
    </section>
  );
}

export function LoadError({ what, onRetry }: { what: string; onRetry: () => void }) {
  return (
    <p className={styles.empty} role="alert" ref={focusSidebarOnRemoval}>
      {what} could not be loaded.{" "}
      <button type="button" className="button-link" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}
