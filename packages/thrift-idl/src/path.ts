/** Paths with "/" (and on the way in "\"), without the help of any platform. */

export function isAbsolute(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path);
}

/** Without `.`, without `..` where it can be resolved, with "/" only. */
export function normalizePath(path: string): string {
  const unified = path.replaceAll("\\", "/");
  const root = /^(?:[A-Za-z]:)?\//.exec(unified)?.[0] ?? "";
  const parts: string[] = [];
  for (const part of unified.slice(root.length).split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || root === "") parts.push(part);
  }
  return root + parts.join("/") || ".";
}

export function joinPath(directory: string, path: string): string {
  return normalizePath(directory === "" ? path : `${directory}/${path}`);
}

export function directoryOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "" : path.slice(0, Math.max(end, 1));
}

/** Last part of a path, without the extension behind its last dot. */
export function baseNameOf(path: string): string {
  const base = path.slice(path.lastIndexOf("/") + 1);
  const dot = base.lastIndexOf(".");
  return dot <= 0 ? base : base.slice(0, dot);
}
