/**
 * The language of the interface is English. Dates and numbers are in it too, so that no sentence mixes two languages:
 * in the user's variant of English if they have one. The clock has 12 or 24 hours as the user's system has.
 */

const languages = (globalThis.navigator as Navigator | undefined)?.languages ?? [];

export const LANGUAGE = languages.find((language) => /^en(-|$)/i.test(language)) ?? "en";

const { hourCycle } = new Intl.DateTimeFormat(languages[0], { hour: "numeric" }).resolvedOptions();

export function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const hasTime = options.hour !== undefined || options.timeStyle !== undefined;
  return new Intl.DateTimeFormat(LANGUAGE, { ...(hasTime && hourCycle && { hourCycle }), ...options });
}

const numbers = new Intl.NumberFormat(LANGUAGE);

export const formatNumber = (value: number) => numbers.format(value);
