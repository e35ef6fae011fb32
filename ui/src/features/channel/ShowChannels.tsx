/** The button that opens the drawer with the channels on narrow screens. */
import { IconButton } from "../../kit/IconButton";

const ID = "show-channels";

interface ShowChannelsProps {
  readonly className?: string | undefined;
  readonly onClick: () => void;
}

export function ShowChannels({ className, onClick }: ShowChannelsProps) {
  return (
    <IconButton
      id={ID}
      icon="menu"
      label="Show channels"
      size={20}
      title={undefined}
      className={className}
      onClick={onClick}
    />
  );
}

export function focusShowChannels(): void {
  document.getElementById(ID)?.focus();
}
