/** Something opened that must be closed, once: a second `dispose` does nothing. */
export interface Disposable {
  dispose(): void;
}

/**
 * Owns what was opened and closes it in reverse order, also when building up failed half-way:
 *
 *     const owner = new Owner();
 *     try { … owner.own(open(…)) … return new Thing(owner); } catch (error) { owner.dispose(); throw error; }
 */
export class Owner implements Disposable {
  private readonly owned: Disposable[] = [];
  private disposed = false;

  own<T extends Disposable>(resource: T): T {
    this.owned.push(resource);
    return resource;
  }

  /** Runs `undo` when the owner is disposed. */
  defer(undo: () => void): void {
    this.owned.push({ dispose: undo });
  }

  /** Closes everything, even if some of it fails to close; then throws the first such error. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    const errors: unknown[] = [];
    for (const resource of this.owned.splice(0).reverse()) {
      try {
        resource.dispose();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** Runs `build` with a fresh owner, which is disposed if `build` throws and handed over with the result otherwise. */
export function owning<T>(build: (owner: Owner) => T): T {
  const owner = new Owner();
  try {
    return build(owner);
  } catch (error) {
    owner.dispose();
    throw error;
  }
}
