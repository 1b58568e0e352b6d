struct Service { 1: string name }
struct Method {}
