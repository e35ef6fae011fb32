/** A button that shows only an icon. The label is its accessible name and, unless `title` is given, its tooltip. */
import type { ComponentProps } from "react";
import { Icon, type IconName } from "./Icon";

interface IconButtonProps extends Omit<ComponentProps<"button">, "children"> {
  readonly icon: IconName;
  readonly label: string;
  readonly size?: number;
}

export function IconButton({ icon, label, size = 18, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      title={label}
      {...rest}
      aria-label={label}
      className={className ? `icon-button ${className}` : "icon-button"}
    >
      <Icon name={icon} size={size} />
    </button>
  );
}
