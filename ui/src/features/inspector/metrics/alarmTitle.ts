/** An alarm's name as a title: without the stage, the stack and what CloudFormation adds. Pure. */
import { words } from "../format";

export function alarmTitle(name: string, stage: string): string {
  const own = name.replace(`Parley-${stage}-`, "");
  const generated = /^Observability-(\w+?)(?:Alarm)?[0-9A-F]{8}(?:-\w+)?$/.exec(own);
  return words(generated?.[1] ?? own);
}
