/** Names and kinds of the services that X-Ray reports, in words. Pure. */
import type { Service } from "../contract";
import { plainName } from "../format";

const kinds: Readonly<Record<string, string>> = {
  "AWS::Lambda::Function": "function",
  "AWS::Lambda": "Lambda",
  "AWS::StepFunctions::StateMachine": "workflow",
  "AWS::DynamoDB::Table": "table",
  "AWS::SQS::Queue": "queue",
  "AWS::SNS::Topic": "topic",
  "AWS::ApiGateway::Stage": "API",
  "AWS::events": "event bus",
  "AWS::dynamodb": "batches, transactions",
  remote: "other service",
};

/** Services that X-Ray knows by the name of their client only, as the call names no resource. */
const clients: Readonly<Record<string, string>> = { dynamodb: "DynamoDB", events: "EventBridge", sqs: "SQS" };

export const CLIENTS = "Clients";

export const serviceName = (service: Service) =>
  service.isClient ? CLIENTS : (clients[service.name] ?? plainName(service.name));

/** "AWS::S3::Bucket" is not known here: "S3 Bucket". */
export const serviceKind = (service: Service) =>
  service.isClient
    ? "outside AWS"
    : (kinds[service.type] ?? service.type.replace(/^AWS::/, "").replaceAll("::", " "));
