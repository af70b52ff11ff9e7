"""How the widgets look: one style sheet, every rule under a class of ours, in Lab's own colours.

Lab's variables carry text, borders and panels, so the dark theme follows by itself. Words in a meaning's
colour are light in the dark theme and dark in the light one.
"""

from prepaid_model.figures import colours

CSS = f"""
.pm-panel {{
  --pm-money: {colours.MONEY_TEXT}; --pm-data: {colours.DATA_TEXT}; --pm-bill: {colours.BILL_TEXT};
  --pm-alert: {colours.ALERT_TEXT}; --pm-waste: {colours.WASTE_TEXT}; --pm-suspended: {colours.SUSPENDED_TEXT};
  --pm-money-button: {colours.MONEY}; --pm-data-button: {colours.DATA_TEXT};
  --pm-tint: #eef3fb; --pm-soft: #f3f3f5; --pm-line: #e0e0e0; --pm-strong-line: #6b6b6b; --pm-new: #fff7e0;
  --pm-ink: var(--jp-ui-font-color0, {colours.INK}); --pm-pale: {colours.PALE_INK};
  color: var(--pm-ink); font-size: 14px; line-height: 1.45; overflow: visible; max-width: 1080px;
}}
[data-jp-theme-light="false"] .pm-panel {{
  --pm-money: #6fc0f2; --pm-data: #3ccfa3; --pm-bill: #ff9a57; --pm-alert: #f2b93b; --pm-waste: #e6a9cb;
  --pm-suspended: #b5b5b5; --pm-tint: #17222d; --pm-soft: #232326; --pm-line: #3a3a3a; --pm-strong-line: #9a9a9a;
  --pm-new: #33290e; --pm-pale: #b5b5b5;
}}
.pm-panel > .pm-style-sheet {{ position: absolute; width: 1px; height: 1px; margin: 0; clip-path: inset(50%); }}
.pm-keys {{ display: block; width: 1px; height: 1px; animation: pm-shown 1ms; }}
@keyframes pm-shown {{ from {{ opacity: 0; }} }}
.pm-panel .widget-label, .pm-panel .widget-label-basic span {{
  color: var(--pm-ink); font-size: 14px; width: auto; max-width: none; overflow: visible;
}}
.pm-panel .jupyter-widgets {{ overflow: visible; }}
.pm-panel .widget-html > .widget-html-content {{ font-size: 14px; line-height: 1.45; }}
.pm-panel .pm-status:not(:has(.pm-problem)) {{ display: none; }}
.pm-row {{ display: flex; flex-flow: row wrap; align-items: center; gap: 6px 14px; margin: 2px 0; }}
.pm-column {{ display: flex; flex-flow: column; align-items: flex-start; gap: 6px; }}
.pm-row .jupyter-widgets {{ margin: 0; }}
.pm-stage {{ gap: 22px; align-items: stretch; }}
.pm-main {{ flex: 1 1 auto; min-width: 0; }}

.pm-panel .pm-slider, .pm-panel .pm-guess.widget-slider {{ width: auto; }}
.pm-panel .pm-slider .slider-container, .pm-panel .pm-guess .slider-container {{ flex: 0 0 auto; width: 150px; }}
.pm-panel .pm-guess .slider-container {{ width: 260px; }}
.pm-panel select, .pm-panel input[type="text"] {{
  height: 32px; font-size: 14px; border: 1px solid var(--pm-strong-line); border-radius: 3px; padding-left: 8px;
  background-color: var(--jp-layout-color1, #fff); color: var(--pm-ink);
}}
.pm-panel .widget-dropdown > select {{ min-width: 90px; padding-right: 24px; }}
.pm-panel .pm-amount input[type="text"] {{ width: 90px; }}
.pm-panel .pm-answer input[type="text"] {{ width: 130px; }}
.pm-panel .widget-checkbox label, .pm-panel .widget-radio-box label {{ color: var(--pm-ink); font-size: 14px; }}
.pm-panel .widget-radio-box label {{ height: auto; line-height: 1.4; margin: 3px 0; white-space: normal; }}
.pm-panel .widget-readout {{ color: var(--pm-ink); font-size: 14px; min-width: 44px; }}
.pm-panel .noUi-horizontal .noUi-handle {{ border: 1px solid var(--pm-strong-line); }}
.pm-panel .noUi-handle:focus-visible,
.pm-panel button:focus-visible, .pm-panel select:focus-visible, .pm-panel input:focus-visible,
.pm-panel summary:focus-visible {{ outline: 3px solid var(--pm-money); outline-offset: 2px; }}

.pm-panel .jupyter-button {{
  height: 34px; line-height: 32px; padding: 0 14px; border: 1px solid var(--pm-strong-line); border-radius: 4px;
  background: var(--pm-soft); color: var(--pm-ink); font-size: 14px;
}}
.pm-panel .jupyter-button.pm-button-money {{
  background: var(--pm-money-button); border-color: transparent; color: #fff;
}}
.pm-panel .jupyter-button.pm-button-data {{
  background: var(--pm-data-button); border-color: transparent; color: #fff;
}}
.pm-panel .jupyter-button:disabled {{
  background: var(--pm-soft); color: var(--pm-pale); border: 1px dashed var(--pm-strong-line); opacity: 1;
}}

.pm-frame {{ position: relative; max-width: 100%; margin: 4px 0 0; }}
.pm-frame-picture, .pm-frame-picture .widget-html-content {{ margin: 0; width: 100%; }}
.pm-frame-picture > .widget-label {{ display: none; }}
.pm-picture {{ display: block; max-width: 100%; height: auto; }}
[data-jp-theme-light="false"] .pm-panel .pm-picture {{ filter: invert(0.93) hue-rotate(180deg); }}

.pm-cursor {{ position: absolute; top: 0; bottom: 0; overflow: visible; }}
.pm-panel .pm-cursor .pm-day, .pm-panel .pm-cursor .slider-container, .pm-panel .pm-cursor .noUi-target {{
  width: 100%; height: 100%; margin: 0; padding: 0; background: transparent; border: 0; box-shadow: none;
}}
.pm-panel .pm-cursor .widget-label {{ position: absolute; clip-path: inset(50%); }}
.pm-panel .pm-cursor .noUi-target {{ cursor: pointer; }}
.pm-panel .pm-cursor .noUi-connects {{ background: transparent; }}
.pm-panel .pm-cursor .noUi-horizontal .noUi-origin {{ height: 100%; top: 0; }}
.pm-panel .pm-cursor .noUi-horizontal .noUi-handle {{
  width: 12px; height: 100%; top: 0; right: -6px; border: 0; border-radius: 2px; box-shadow: none; cursor: ew-resize;
  background: linear-gradient(var(--pm-strong-line), var(--pm-strong-line)) center / 2px 80% no-repeat;
}}
.pm-panel .pm-cursor .noUi-handle[aria-valuenow="0.0"]:not(:hover, :focus-visible) {{ background: none; }}
.pm-panel .pm-cursor .noUi-handle::before, .pm-panel .pm-cursor .noUi-handle::after {{ display: none; }}

.pm-sentence, .pm-feedback {{
  margin: 8px 0 2px; padding: 9px 12px; border-left: 4px solid var(--pm-money); background: var(--pm-tint);
  color: var(--pm-ink); font-size: 14px; line-height: 1.5;
}}
.pm-feedback.pm-right {{ border-color: var(--pm-data); }}
.pm-feedback.pm-wrong {{ border-color: var(--pm-alert); }}
.pm-problem {{
  margin: 6px 0; padding: 7px 12px; border-left: 4px solid var(--pm-bill); background: var(--pm-soft);
  color: var(--pm-ink); line-height: 1.45;
}}
.pm-question {{ margin: 4px 0; font-weight: 600; font-size: 15px; }}
.pm-prediction, .pm-checkpoint {{
  max-width: 800px; border: 1px solid var(--pm-line); border-radius: 6px; padding: 10px 16px 12px;
}}
.pm-folded {{ margin: 6px 0 0; }}
.pm-folded > summary {{ cursor: pointer; color: var(--pm-money); }}
.pm-folded > p {{ margin: 6px 0 0 14px; }}
"""
