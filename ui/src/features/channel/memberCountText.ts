/** The number of members of a channel, in words. */
export function memberCountText(count: number): string {
  return count === 1 ? "1 member" : `${count} members`;
}
