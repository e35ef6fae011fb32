/** The order of names. One shared collator: `localeCompare` creates one for each comparison. */

const collator = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

export const compareNames = (a: string, b: string) => collator.compare(a, b);
