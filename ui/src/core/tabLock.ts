/** Do something in one tab of the browser at a time. Without locks, as on addresses that are not secure, at once. */
export async function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  return locks ? locks.request(name, work) : work();
}
