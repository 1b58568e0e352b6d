import { endings } from "./endings.ts";
import { errors } from "./errors.ts";
import { headers } from "./headers.ts";
import { metainfo } from "./metainfo.ts";
import type { Program } from "./program.ts";
import { volume } from "./volume.ts";

/** All programs whose observations must not depend on the transport. */
export const programs: readonly Program[] = [...metainfo, ...headers, ...errors, ...endings, ...volume];
