// ECharts with the parts that the city's charts use, and no others. It is bundled into ../assets/echarts.min.js.
//
// There is no visualMap and no legend of a map among them: the classes of a map are decided by the app and stand in the page
// as words, where people without a script read them, too.
import { BarChart, LineChart, MapChart, PieChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, registerMap, use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, LineChart, PieChart, MapChart, GridComponent, LegendComponent, TooltipComponent, AriaComponent, LabelLayout, SVGRenderer]);

export { init, registerMap };
