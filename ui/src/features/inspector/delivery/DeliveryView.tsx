/** The delivery of one message, or a list of messages to select one. */

import common from "../common.module.css";
import { useInspector } from "../inspectorContext";
import { Failed, Loading } from "../StatusMessage";
import { useQuery } from "../useQuery";
import { ChooseMessage } from "./ChooseMessage";
import { DeliveryReport } from "./DeliveryReport";

export function DeliveryView({ messageId }: { readonly messageId: string | null }) {
  const { api } = useInspector();
  const report = useQuery(messageId, () => api.follow(messageId ?? ""));
  if (messageId === null) return <ChooseMessage />;
  return (
    <div className={common.page}>
      <div className={common.pageInner}>
        {report.state === "failed" && !report.value ? (
          <Failed text={report.failure} onRetry={report.refetch} />
        ) : report.value ? (
          <DeliveryReport
            report={report.value}
            busy={report.state === "loading"}
            onRefresh={report.refetch}
          />
        ) : (
          <Loading what="Loading the delivery" />
        )}
      </div>
    </div>
  );
}
