/**
 * React's development build records a stack trace with each element, for its warnings: a quarter of the time of the
 * component tests. Beyond 10,000 elements in a second it records none; here it is always beyond that number.
 */
import * as React from "react";

const internals = Object.entries(React).find(([name]) => name.startsWith("__CLIENT_INTERNALS"))?.[1] as
  | { recentlyCreatedOwnerStacks?: number }
  | undefined;
if (internals?.recentlyCreatedOwnerStacks === undefined) {
  throw new Error(
    "This version of React counts the stack traces of elements in another place. See ownerStacks.ts.",
  );
}
Object.defineProperty(internals, "recentlyCreatedOwnerStacks", {
  get: () => Number.POSITIVE_INFINITY,
  set: () => undefined,
});
