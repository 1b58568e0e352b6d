export function query(): PromiseLike<number> {
  return Promise.resolve(1);
}

export function forget(): void {
  query();
}
