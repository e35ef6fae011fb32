/** The dialogs that more than one feature can open; the shell renders them. */
export type DialogName = "create" | "browse" | "switch" | "shortcuts" | "settings";
