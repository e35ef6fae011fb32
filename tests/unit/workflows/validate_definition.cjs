// Checks a definition (on standard input) with AWS's language service for the Amazon States Language, which the AWS
// Toolkit uses, and prints its findings as JSON: [[line, message]].
const { readFileSync } = require("node:fs");
const { getLanguageService, TextDocument } = require("amazon-states-language-service");

const service = getLanguageService({});
const document = TextDocument.create("file://deliver.asl.json", "json", 1, readFileSync(0, "utf8"));
service.doValidation(document, service.parseJSONDocument(document)).then((findings) => {
  const found = findings.map(({ range, message }) => [range.start.line + 1, message]);
  process.stdout.write(JSON.stringify(found));
});
