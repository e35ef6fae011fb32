/** Whether the component is still shown: ask after a request, during which the user may have closed a dialog. */
import { useCallback, useEffect, useRef } from "react";

export function useIsMounted(): () => boolean {
  const mounted = useRef(false);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  return useCallback(() => mounted.current, []);
}
