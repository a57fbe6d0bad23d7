// A dense table with a fixed row height that draws only the rows in sight. A real <table>: readers count its rows.

import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useRef } from "react";
import classes from "./Table.module.css";

/** Height of a row in pixels; the same as --row in styles.css. */
const ROW = 30;
/** Rows drawn beyond the edge, so that scrolling shows no gaps. */
const OVERSCAN = 12;

export interface Column {
  id: string;
  label: ReactNode;
  /** CSS width; a column without one shares what is left. */
  width?: string;
  end?: boolean;
  /** A line before it: another group of columns begins. */
  group?: boolean;
  /** What the column says, and by which formula. */
  hint?: string;
  sortable?: boolean;
}

export interface Sorting {
  column: string;
  descending: boolean;
}

interface Props<Row> {
  label: string;
  /** In pixels; where there is less room, the table scrolls sideways. */
  minWidth: number;
  columns: readonly Column[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Draws one `<tr>`; `index` counts from 2, after the head. */
  renderRow: (row: Row, index: number) => ReactNode;
  /** Shown instead of rows when there are none. */
  empty: ReactNode;
  sorting?: Sorting;
  onSort?: (sorting: Sorting) => void;
}

export function Table<Row>({
  label,
  minWidth,
  columns,
  rows,
  rowKey,
  renderRow,
  empty,
  sorting,
  onSort,
}: Props<Row>) {
  const scroller = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: OVERSCAN,
    getItemKey: (index) => keyAt(rows, index, rowKey),
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section className={classes.scroller} ref={scroller} tabIndex={0} aria-label={label}>
      <table
        className={classes.table}
        style={{ minWidth }}
        aria-rowcount={rows.length + 1}
        aria-label={label}
      >
        <colgroup>
          {columns.map((column) => (
            <col
              key={column.id}
              className={column.group ? classes.group : undefined}
              style={{ width: column.width }}
            />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <HeadCell key={column.id} column={column} sorting={sorting} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={above} span={columns.length} />
          {items.map((item) => {
            const row = rows[item.index];
            return row === undefined ? null : renderRow(row, item.index + 2);
          })}
          <Spacer height={below} span={columns.length} />
        </tbody>
      </table>
      {rows.length === 0 && <div className={classes.empty}>{empty}</div>}
    </section>
  );
}

function keyAt<Row>(rows: readonly Row[], index: number, rowKey: (row: Row) => string): string | number {
  const row = rows[index];
  return row === undefined ? index : rowKey(row);
}

function Spacer({ height, span }: { height: number; span: number }) {
  if (height <= 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus.
    <tr aria-hidden="true" className={classes.spacer}>
      <td colSpan={span} style={{ height }} />
    </tr>
  );
}

interface HeadCellProps {
  column: Column;
  sorting?: Sorting;
  onSort?: (sorting: Sorting) => void;
}

function HeadCell({ column, sorting, onSort }: HeadCellProps) {
  const sorted = sorting?.column === column.id;
  const direction = sorting?.descending ? "descending" : "ascending";
  const align = column.end ? classes.end : undefined;
  if (!column.sortable || !onSort) {
    return (
      <th scope="col" className={align} title={column.hint}>
        {column.label}
      </th>
    );
  }
  return (
    <th scope="col" className={align} title={column.hint} aria-sort={sorted ? direction : "none"}>
      <button
        type="button"
        className={classes.sort}
        onClick={() => onSort({ column: column.id, descending: sorted && !sorting?.descending })}
      >
        {column.label}
        <span aria-hidden="true" className={classes.arrow}>
          {sorted ? (sorting?.descending ? "▾" : "▴") : ""}
        </span>
      </button>
    </th>
  );
}
