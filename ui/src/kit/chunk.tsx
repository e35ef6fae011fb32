/** A component in a separate chunk, which is loaded on first use and tried again when it could not be loaded. */
import { type ComponentType, lazy, type ReactNode, Suspense, useState } from "react";
import { Boundary } from "./Boundary";

interface ChunkOptions<P> {
  /** What the component is called if it cannot be loaded, such as "The settings". */
  readonly what: string;
  readonly loading: (props: P) => ReactNode;
  /** Shown if the component cannot be loaded; without it, a sentence and a button. */
  readonly fallback?: (props: P) => ReactNode;
  readonly wrap?: (notice: ReactNode, props: P) => ReactNode;
}

export function chunk<P extends object>(
  load: () => Promise<{ default: ComponentType<P> }>,
  { what, loading, fallback, wrap }: ChunkOptions<P>,
): ComponentType<P> {
  let latest = lazy(load);
  // biome-ignore lint/correctness/noComponentHookFactories: called at module level only, once per chunk.
  return function Chunk(props: P) {
    // React keeps the result of a load, also a failure.
    const [Content, setContent] = useState(() => latest);
    return (
      <Boundary
        what={what}
        fallback={fallback?.(props)}
        wrap={wrap && ((notice) => wrap(notice, props))}
        onRetry={() => {
          latest = lazy(load);
          setContent(() => latest);
        }}
      >
        <Suspense fallback={loading(props)}>
          <Content {...props} />
        </Suspense>
      </Boundary>
    );
  };
}
