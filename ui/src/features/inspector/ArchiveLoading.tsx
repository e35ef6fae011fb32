/** Progress of a request that reads the archive, which is slow on AWS. */
import { useInspector } from "./inspectorContext";
import { Loading } from "./StatusMessage";

export function ArchiveLoading() {
  const { names } = useInspector();
  return (
    <Loading what="Loading events from the archive">
      {names && (
        <p>
          On AWS this takes some minutes, and the events of the last ten minutes are not in the archive yet.
        </p>
      )}
    </Loading>
  );
}
