/** Highlighted code, in a separate chunk that loads with the first code block that has a language. */
import type { ElementContent, RootContent } from "hast";
import { Fragment, type ReactNode } from "react";
import bash from "refractor/bash";
import c from "refractor/c";
import { refractor } from "refractor/core";
import cpp from "refractor/cpp";
import csharp from "refractor/csharp";
import css from "refractor/css";
import "./HighlightedCode.css";
import diff from "refractor/diff";
import docker from "refractor/docker";
import go from "refractor/go";
import java from "refractor/java";
import javascript from "refractor/javascript";
import json from "refractor/json";
import jsx from "refractor/jsx";
import kotlin from "refractor/kotlin";
import markup from "refractor/markup";
import python from "refractor/python";
import ruby from "refractor/ruby";
import rust from "refractor/rust";
import sql from "refractor/sql";
import swift from "refractor/swift";
import tsx from "refractor/tsx";
import typescript from "refractor/typescript";
import yaml from "refractor/yaml";

for (const language of [
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  docker,
  go,
  java,
  javascript,
  json,
  jsx,
  kotlin,
  markup,
  python,
  ruby,
  rust,
  sql,
  swift,
  tsx,
  typescript,
  yaml,
]) {
  refractor.register(language);
}

export default function HighlightedCode({ language, code }: { language: string; code: string }) {
  const name = language.toLowerCase();
  if (!refractor.registered(name)) return code;
  return <>{refractor.highlight(code, name).children.map(element)}</>;
}

function element(node: RootContent | ElementContent, index: number): ReactNode {
  if (node.type === "text") return node.value;
  if (node.type !== "element") return null;
  const names = node.properties.className;
  return (
    <span key={index} className={Array.isArray(names) ? names.join(" ") : undefined}>
      {node.children.map((child, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: tokens are never reordered.
        <Fragment key={at}>{element(child, at)}</Fragment>
      ))}
    </span>
  );
}
