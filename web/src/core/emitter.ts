/* A list of listeners. The plain modules report through it; the UI turns reports into signals. */
export class Emitter<T> {
    private listeners = new Set<(value: T) => void>();
    on(listener: (value: T) => void): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }
    emit(value: T): void {
        for (const listener of [...this.listeners]) listener(value);
    }
}
