export function legs(animal: "bird" | "cat"): number {
  switch (animal) {
    case "bird":
      return 2;
  }
  return 4;
}
