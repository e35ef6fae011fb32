/** Joins class names; values that are not strings, such as the `false` of `condition && name`, are left out. */
export function classNames(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(" ");
}
