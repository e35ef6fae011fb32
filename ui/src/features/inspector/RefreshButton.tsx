/** Reads the page's data again. It is not disabled while it does: it would lose the keyboard's focus. */
import { classNames } from "../../kit/classNames";
import { Icon } from "../../kit/Icon";

export function RefreshButton(props: {
  readonly busy: boolean;
  readonly onRefresh: () => void;
  readonly className?: string | undefined;
}) {
  const { busy, onRefresh, className } = props;
  return (
    <button
      type="button"
      className={classNames("button button-small", className)}
      aria-disabled={busy}
      onClick={() => {
        if (!busy) onRefresh();
      }}
    >
      <Icon name="retry" size={16} /> Refresh
    </button>
  );
}
