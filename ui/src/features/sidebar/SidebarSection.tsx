/** A section of the sidebar, and the message that its content could not be loaded. */
import type { ReactNode } from "react";

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
    <section className="sidebar-section" aria-labelledby={id}>
      <header className="sidebar-section-head">
        <h2 id={id}>{title}</h2>
        {tools && <div className="sidebar-section-tools">{tools}</div>}
      </header>
      {children}
    </section>
  );
}

export function LoadError({ what, onRetry }: { what: string; onRetry: () => void }) {
  return (
    <p className="sidebar-empty" role="alert">
      {what} could not be loaded.{" "}
      <button type="button" className="button-link" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}
