// What every platform has beside the language itself. Only the build sees this file: tests are compiled with Node's types.
declare function queueMicrotask(callback: () => void): void;
