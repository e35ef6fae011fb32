/** A link inside the application. A click with a modifier key, which opens a tab or window, is left to the browser. */
import type { AnchorHTMLAttributes } from "react";
import { navigate } from "../../core/router";

interface RouteLinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly to: string;
  readonly current?: boolean;
  readonly onNavigate?: () => void;
}

export function RouteLink({ to, current = false, onNavigate, ...rest }: RouteLinkProps) {
  return (
    <a
      {...rest}
      href={to}
      aria-current={current ? "page" : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        navigate(to);
        onNavigate?.();
      }}
    />
  );
}
