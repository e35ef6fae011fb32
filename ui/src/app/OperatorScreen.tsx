/** The inspector of `parley inspect`: without the chat, for the operator who has the printed address. */
import { useEffect, useMemo } from "react";
import type { Config } from "../core/config";
import { navigate } from "../core/router";
import InspectorScreen from "../features/inspector/InspectorScreen";
import { keyOfOperator, takeKey } from "../features/inspector/operatorKey";
import { useRoute } from "../features/shared/useRoute";
import { ignoreKeysOfComposition } from "../kit/composition";

export default function OperatorScreen({ config }: { readonly config: Config }) {
  const route = useRoute();
  const tokens = useMemo(() => {
    takeKey();
    return { idToken: async () => `Bearer ${keyOfOperator()}` };
  }, []);
  useEffect(ignoreKeysOfComposition, []);
  useEffect(() => {
    // The address of another start was opened in this tab: the page begins again with its key.
    const begin = () => {
      if (takeKey()) location.reload();
    };
    addEventListener("hashchange", begin);
    return () => removeEventListener("hashchange", begin);
  }, []);
  const isElsewhere = route.page !== "inspector";
  useEffect(() => {
    if (isElsewhere) navigate("/inspector", { replace: true });
  }, [isElsewhere]);
  return (
    <InspectorScreen
      config={config}
      tokens={tokens}
      subpath={route.page === "inspector" ? route.subpath : ""}
      hasChat={false}
      takesFocus={false}
    />
  );
}
